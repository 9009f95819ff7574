import { test } from 'node:test';
import { admissionSuite } from './admission';

const kubeconfig = process.env.KAFKA_TLS_TEST_KUBECONFIG;
if (kubeconfig === undefined) test("KubeDB's admission on a real API", { skip: 'KAFKA_TLS_TEST_KUBECONFIG names no kubeconfig' });
else admissionSuite(async () => ({ kubeconfig, stop: async () => undefined }));
