/** Who a certificate is for, besides its common name. */
export interface CertificateSubject {
  /** @default - none */
  readonly organizations?: string[];
  /** @default - none */
  readonly organizationalUnits?: string[];
  /** @default - none */
  readonly countries?: string[];
  /** @default - none */
  readonly provinces?: string[];
  /** @default - none */
  readonly localities?: string[];
  /** @default - none */
  readonly streetAddresses?: string[];
  /** @default - none */
  readonly postalCodes?: string[];
  /** @default - none */
  readonly serialNumber?: string;
}
