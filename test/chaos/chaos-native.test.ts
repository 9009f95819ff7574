/** Random schedules of what goes wrong, through the executor native. */
import { testSchedules } from './schedules';

testSchedules('native');
