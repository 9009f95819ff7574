/** Our validation and the sandbox against the recorded answers of KubeDB's own webhooks. */
import { before, describe } from 'node:test';
import { createApi } from '#reconciler/sandbox/api/api';
import { inProcess } from '../sandbox/contract/client';
import { comparison } from './comparison';
import { recordedAnswers } from './recorded';
import { type Answers, ask } from './stage';

const recorded = recordedAnswers();

describe(`as KubeDB ${recorded.kubedb} answered on Kubernetes ${recorded.kubernetes}`, () => {
  let sandbox: Answers;
  before(async () => {
    sandbox = await ask(inProcess(createApi({ now: () => new Date('2026-11-23T09:00:00Z') })));
  });
  comparison(
    () => recorded,
    () => sandbox,
  );
});
