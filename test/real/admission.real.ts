import { admissionSuite } from './admission';
import { realApi } from './cluster';

admissionSuite(realApi);
