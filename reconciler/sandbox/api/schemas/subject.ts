/** The name of a certificate's owner, which cert-manager and KubeDB describe in the same way. */
import { each, list, object, string } from '../schema';

export const subject = object({
  ...each(
    list(string),
    ...(['organizations', 'countries', 'organizationalUnits', 'localities', 'provinces', 'streetAddresses', 'postalCodes'] as const),
  ),
  serialNumber: string,
});
