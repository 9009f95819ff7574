/** The subject of a certificate, besides its common name. */
export interface CertificateSubject {
  /** @default - none */
  readonly organizations?: readonly string[];
  /** @default - none */
  readonly organizationalUnits?: readonly string[];
  /** @default - none */
  readonly countries?: readonly string[];
  /** @default - none */
  readonly provinces?: readonly string[];
  /** @default - none */
  readonly localities?: readonly string[];
  /** @default - none */
  readonly streetAddresses?: readonly string[];
  /** @default - none */
  readonly postalCodes?: readonly string[];
  /** @default - none */
  readonly serialNumber?: string;
}
