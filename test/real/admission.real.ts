import { admissionSuite } from './admission';
import { startControlPlane } from './cluster';

admissionSuite(() => startControlPlane());
