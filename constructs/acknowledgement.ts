import type { Acknowledged } from './model/desired';

/**
 * An end state that people outside the cluster have to act for, and that somebody has agreed to in Git.
 *
 * It names where things go, not a single change: left behind it is harmless, and of no use for the next change. One that is missing ends
 * a run before anything is done, and only a commit cures that.
 */
export class Acknowledgement {
  /** Clients move to TLS: after the change brokers speak nothing else on the same port. Needed to turn TLS on. */
  static clientsMoveToTls(): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsMoveToTls' });
  }

  /** Clients leave TLS: after the change brokers speak plaintext on the same port. Needed to turn TLS off. */
  static clientsLeaveTls(): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsLeaveTls' });
  }

  /** Clients trust the root of this issuer, by its name. Needed when the new root is not provably that of the old issuer. */
  static trustRootChangesTo(issuer: string): Acknowledgement {
    return new Acknowledgement({ kind: 'trustRootChangesTo', issuer });
  }

  /** @internal */
  static _of(acknowledgement: Acknowledgement): Acknowledged {
    return acknowledgement.acknowledged;
  }

  private constructor(protected readonly acknowledged: Acknowledged) {}
}
