/** Our validation and the sandbox against what KubeDB's own webhooks answered when they were last asked. */
import { before, describe } from 'node:test';
import { createApi } from '../reconciler/sandbox/api/api';
import { comparison } from './admission/comparison';
import { recordedAnswers } from './admission/recorded';
import { type Answers, ask } from './admission/stage';
import { inProcess } from './sandbox/contract/client';

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
