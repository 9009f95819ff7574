import { testConvergence } from './convergence';

testConvergence('native');
