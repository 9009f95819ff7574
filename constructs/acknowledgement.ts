import { factoryValue } from './factory-value';
import { type Acknowledged, acknowledgedRoot } from './model/acknowledgement';

/**
 * The consent, given in Git, to a change that needs people outside the cluster to act, or that loses data.
 *
 * An acknowledgement names the end state of one change, so it does no harm if it stays in the app after that change. `kafka-tls plan`
 * prints the line that a change needs. Without this line a run ends before its first write, with exit code 2; only a commit fixes that. To
 * revert the last change, for example with `git revert`, no acknowledgement is needed, except if data is lost.
 *
 * @example
 *
 *   Tls.on({ issuer, acknowledge: [Acknowledgement.clientsMoveToTls()] })
 *
 * @see docs/how-to/turn-tls-on.md, docs/how-to/change-the-root.md
 */
export class Acknowledgement {
  /**
   * Clients move to TLS: after the change the brokers accept only TLS, on the same port. Required to turn TLS on.
   *
   * Without `content` it allows the first time that TLS is turned on for a Kafka. With `content` it allows turning on exactly this TLS state;
   * the plan prints the content, which is also the end of the name of the request (`orders-tls-22be769b`).
   */
  static clientsMoveToTls(content?: string): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsMoveToTls', ...normalized(content) });
  }

  /**
   * Clients leave TLS: after the change the brokers accept only plaintext, on the same port. Required to turn TLS off.
   *
   * Without `content` it allows the first time that TLS is turned off for a Kafka. With `content` it allows turning off exactly this TLS
   * state; the plan prints the content.
   */
  static clientsLeaveTls(content?: string): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsLeaveTls', ...normalized(content) });
  }

  /**
   * Clients trust another root certificate. Required if the root of the brokers' certificates changes.
   *
   * `root` is the SHA-256 fingerprint of the root certificate, as the plan and `openssl x509 -fingerprint -sha256` print it: with or without
   * colons, in upper or lower case. For a change to another issuer it may also be the name of that issuer, because its root may not be known
   * before. If the same issuer gets another root, only the fingerprint allows the change.
   */
  static trustRootChangesTo(root: string): Acknowledgement {
    return new Acknowledgement(acknowledgedRoot(root));
  }

  /**
   * The data of a Kafka with ephemeral storage (`storageType: Ephemeral`) is lost: topics, offsets, ACLs, SCRAM users and KRaft metadata.
   * Needed when every pod that holds a copy restarts before another one can fetch it, as in a cut-over.
   *
   * It allows one loss; the plan prints the content. A revert that loses data again needs another acknowledgement.
   */
  static ephemeralDataIsLost(content: string): Acknowledgement {
    return new Acknowledgement({ kind: 'ephemeralDataIsLost', ...normalized(content) });
  }

  /** @internal */
  static _of(acknowledgement: Acknowledgement): Acknowledged {
    return factoryValue(
      acknowledgement?.acknowledged,
      acknowledgement,
      'the line that the plan prints, such as Acknowledgement.clientsMoveToTls()',
    );
  }

  private constructor(protected readonly acknowledged: Acknowledged) {}
}

function normalized(content: string | undefined): Pick<Acknowledged, 'content'> {
  return content === undefined ? {} : { content: content.trim().toLowerCase() };
}
