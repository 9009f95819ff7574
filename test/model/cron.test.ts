import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cronProblem, timeZoneProblem } from '#model/cron';

const ACCEPTED = [
  '* * * * *',
  '0 3 * * *',
  '*/15 * * * *',
  '5/15 * * * *',
  '0-30/5 8-18 * * MON-FRI',
  '0 3 1,15 jan,Jul ?',
  '  0   3 * * *  ',
  '0 0 29 2 *',
  // Both days are restricted: one of them is enough.
  '0 0 31 2 sun',
  '0 0 30,31 feb,mar *',
  '+5 3 * * *',
  '1,,2 * * * *',
  '@hourly',
  '@midnight',
  '@every 1h30m',
];

const REFUSED: readonly { readonly schedule: string; readonly says: RegExp }[] = [
  { schedule: '', says: /not empty/ },
  { schedule: '   ', says: /not empty/ },
  { schedule: 'nonsense', says: /five fields .*, this has 1/ },
  { schedule: 'every hour', says: /this has 2/ },
  { schedule: 'hourly', says: /this has 1/ },
  { schedule: 'off', says: /this has 1/ },
  { schedule: '0 0 3 * * *', says: /this has 6/ },
  { schedule: '0 0 3 * * * 2026', says: /this has 7/ },
  { schedule: '0 3 * *', says: /this has 4/ },
  { schedule: 'CRON_TZ=Europe/Berlin 0 3 * * *', says: /time zone/ },
  { schedule: 'TZ=UTC 0 3 * * *', says: /time zone/ },
  { schedule: '61 * * * *', says: /minute is "61", and it goes from 0 to 59/ },
  { schedule: '0 24 * * *', says: /hour is "24"/ },
  { schedule: '0 0 0 * *', says: /day of month is "0", and it goes from 1 to 31/ },
  { schedule: '0 0 32 * *', says: /day of month/ },
  { schedule: '0 0 * 13 *', says: /month is "13"/ },
  // Unlike other crons, Kubernetes has no 7 for Sunday.
  { schedule: '0 0 * * 7', says: /day of week is "7", and it goes from 0 to 6/ },
  { schedule: '0 0 * * sunday', says: /neither a number nor a name/ },
  { schedule: '0 0 L * *', says: /neither a number nor a name/ },
  { schedule: '0 0 * * 1#2', says: /neither a number nor a name/ },
  { schedule: '-5 0 * * *', says: /neither a number nor a name/ },
  { schedule: '30-10 * * * *', says: /ends before it begins/ },
  { schedule: '0 22-4 * * *', says: /ends before it begins/ },
  { schedule: '*/0 * * * *', says: /at least 1/ },
  { schedule: '1-2-3 * * * *', says: /neither a number nor a name/ },
  { schedule: '1/2/3 * * * *', says: /neither a number nor a name/ },
  { schedule: ', * * * *', says: /allows no value/ },
  { schedule: '0 0 30 2 *', says: /no such day ever comes/ },
  { schedule: '0 0 31 4,6,9,11 *', says: /no such day ever comes/ },
  { schedule: '@reboot', says: /@daily/ },
  { schedule: '@Daily', says: /@daily/ },
  { schedule: '@every', says: /Kubernetes knows/ },
  { schedule: '@every hour', says: /duration in Go syntax/ },
  { schedule: '@every 5s', says: /more often than once a minute/ },
  { schedule: '@every -1h', says: /more often than once a minute/ },
];

describe('cron schedules', () => {
  for (const schedule of ACCEPTED) test(`accepts "${schedule}"`, () => assert.equal(cronProblem(schedule), undefined));
  for (const { schedule, says } of REFUSED) test(`refuses "${schedule}"`, () => assert.match(cronProblem(schedule) ?? '', says));
});

describe('time zones', () => {
  for (const zone of ['Europe/Berlin', 'UTC', 'Etc/UTC', 'Etc/GMT+5', 'US/Pacific', 'America/Argentina/Buenos_Aires', 'EST5EDT']) {
    test(`accepts ${zone}`, () => assert.equal(timeZoneProblem(zone), undefined));
  }
  const refused: readonly { readonly zone: string; readonly says: RegExp }[] = [
    { zone: '', says: /no such time zone/ },
    { zone: 'Local', says: /no such time zone/ },
    { zone: 'local', says: /no such time zone/ },
    { zone: 'Berlin', says: /no such time zone/ },
    { zone: 'Europe/Berln', says: /no such time zone/ },
    { zone: 'europe/berlin', says: /spelled "Europe\/Berlin"/ },
    { zone: 'us/pacific', says: /no such time zone/ },
    { zone: '+01:00', says: /no such time zone/ },
    { zone: 'CEST', says: /no such time zone/ },
    { zone: '../etc/passwd', says: /no such time zone/ },
  ];
  for (const { zone, says } of refused) test(`refuses "${zone}"`, () => assert.match(timeZoneProblem(zone) ?? '', says));
});
