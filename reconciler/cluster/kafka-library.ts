/** What is used of @platformatic/kafka, by name, so that the bundler can leave out the rest. Loaded when a broker is first asked. */
export {
  ConfigResourceTypes,
  Connection,
  type ConnectionOptions,
  describeConfigsV4,
  describeQuorumV1,
  loggers,
  metadataV12,
  ResponseError,
  TimeoutError,
} from '@platformatic/kafka';
