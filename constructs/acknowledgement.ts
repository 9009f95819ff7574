import { factoryValue } from './factory-value';
import { type Acknowledged, acknowledgedRoot } from './model/acknowledgement';

/**
 * A change that needs people outside the cluster to act, or that loses data, and that was agreed to in Git.
 *
 * Each acknowledgement names the end of a change so exactly that it approves no other one: left behind it is harmless. `kafka-tls plan`
 * prints the exact line that a change needs. Without it a run ends before anything is done (exit code 2), and only a commit cures that. To
 * reverse the last change, as `git revert` does, none is needed, except where data is lost.
 */
export class Acknowledgement {
  /**
   * Clients move to TLS: after the change brokers speak nothing else on the same port. Needed to turn TLS on.
   *
   * Without `content` it approves the first time that TLS is turned on for a Kafka. With it, it approves turning on exactly that TLS state;
   * the plan prints the content, which is also the end of the name of the request (`orders-tls-22be769b`).
   */
  static clientsMoveToTls(content?: string): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsMoveToTls', ...normalized(content) });
  }

  /**
   * Clients leave TLS: after the change brokers speak plaintext on the same port. Needed to turn TLS off.
   *
   * Without `content` it approves the first time that TLS is turned off for a Kafka. With it, it approves turning off exactly that TLS
   * state; the plan prints the content.
   */
  static clientsLeaveTls(content?: string): Acknowledgement {
    return new Acknowledgement({ kind: 'clientsLeaveTls', ...normalized(content) });
  }

  /**
   * Clients trust another root.
   *
   * `root` is the SHA-256 fingerprint of the root certificate, as the plan and `openssl x509 -fingerprint -sha256` print it: with or without
   * colons, in upper or lower case. For a change to another issuer it may also be the name of that issuer, because its root may not be known
   * before. If the same issuer gets another root, only the fingerprint approves it.
   */
  static trustRootChangesTo(root: string): Acknowledgement {
    return new Acknowledgement(acknowledgedRoot(root));
  }

  /**
   * The data of a Kafka with ephemeral storage (`storageType: Ephemeral`) is lost: topics, offsets, ACLs, SCRAM users and KRaft metadata.
   * Needed when every pod that holds a copy restarts before another one can fetch it, as in a cut-over.
   *
   * It approves one loss; the plan prints the content. A revert that loses data again needs another one.
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
