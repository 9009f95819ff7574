declare const KAFKA_TLS_VERSION: string | undefined;

/** Version of the program; the bundler puts it here. */
export const VERSION = typeof KAFKA_TLS_VERSION === 'string' ? KAFKA_TLS_VERSION : 'from source';
