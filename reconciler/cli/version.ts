declare const KAFKA_TLS_VERSION: string | undefined;

/** Version of the program; the bundler inserts it. */
export const VERSION = typeof KAFKA_TLS_VERSION === 'string' ? KAFKA_TLS_VERSION : 'from source';
