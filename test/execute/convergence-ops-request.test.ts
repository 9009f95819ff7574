import { testConvergence } from './convergence';

testConvergence('ops-request');
