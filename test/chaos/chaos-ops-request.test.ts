/** Random schedules of what goes wrong, through the executor ops-request. */
import { testSchedules } from './schedules';

testSchedules('ops-request');
