/** The subject of a certificate, besides its common name. */
export interface CertificateSubject {
  /**
   * Organizations (O).
   * @default - none
   */
  readonly organizations?: readonly string[];
  /**
   * Organizational units (OU).
   * @default - none
   */
  readonly organizationalUnits?: readonly string[];
  /**
   * Two-letter codes of countries (C).
   * @default - none
   */
  readonly countries?: readonly string[];
  /**
   * States or provinces (ST).
   * @default - none
   */
  readonly provinces?: readonly string[];
  /**
   * Cities (L).
   * @default - none
   */
  readonly localities?: readonly string[];
  /**
   * Street addresses (STREET).
   * @default - none
   */
  readonly streetAddresses?: readonly string[];
  /**
   * Postal codes.
   * @default - none
   */
  readonly postalCodes?: readonly string[];
  /**
   * Serial number of the subject, not of the certificate (SERIALNUMBER).
   * @default - none
   */
  readonly serialNumber?: string;
}
