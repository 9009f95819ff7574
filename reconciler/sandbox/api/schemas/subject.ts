/** The name of a certificate's owner, which cert-manager and KubeDB describe in the same way. */
import * as s from '../schema';

export const subject = s.object({
  ...s.each(
    s.list(s.string),
    ...(['organizations', 'countries', 'organizationalUnits', 'localities', 'provinces', 'streetAddresses', 'postalCodes'] as const),
  ),
  serialNumber: s.string,
});
