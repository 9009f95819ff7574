/** The rules of the operators that the sandbox imitates. */
import type { Admission } from '../admission';
import { certManagerAdmission } from './cert-manager';
import { kafkaAdmission } from './kafka';
import { kafkaOpsRequestAdmission } from './kafka-ops-request';

export const ADMISSION_RULES: readonly Admission[] = [kafkaAdmission, kafkaOpsRequestAdmission, ...certManagerAdmission];
