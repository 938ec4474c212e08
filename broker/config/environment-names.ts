/** Variables that begin with KAFKA_ and are no configuration of a broker. */

/** Of the images' scripts, of the JVM and its logging; bitnami's own without CFG. */
const reserved = new Set(
  [
    'VERSION HOME DEBUG GC_LOG_OPTS HEAP_OPTS JMX_OPTS JVM_PERFORMANCE_OPTS LOG OPTS',
    'CREATE_TOPICS CREATE_TOPICS_SEPARATOR JMX_PORT JMX_HOSTNAME EXTRA_ARGS',
    'LOG4J_ROOT_LOGLEVEL LOG4J_LOGGERS LOG4J_OPTS LOG4J_CONFIGURATION TOOLS_LOG4J_LOGLEVEL',
    'BASE_DIR VOLUME_DIR CONF_DIR CONF_FILE MOUNTED_CONF_DIR DATA_DIR LOG_DIR CERTS_DIR',
    'INITSCRIPTS_DIR DAEMON_USER DAEMON_GROUP ENABLE_KRAFT KRAFT_CLUSTER_ID',
    'SKIP_KRAFT_STORAGE_INIT INTER_BROKER_USER INTER_BROKER_PASSWORD CONTROLLER_USER',
    'CONTROLLER_PASSWORD CLIENT_USERS CLIENT_PASSWORDS CLIENT_LISTENER_NAME',
    'CERTIFICATE_PASSWORD TLS_TYPE TLS_CLIENT_AUTH TLS_TRUSTSTORE_FILE ZOOKEEPER_PROTOCOL',
    'ZOOKEEPER_USER ZOOKEEPER_PASSWORD ZOOKEEPER_TLS_KEYSTORE_PASSWORD',
    'ZOOKEEPER_TLS_TRUSTSTORE_PASSWORD ZOOKEEPER_TLS_TRUSTSTORE_FILE',
    'ZOOKEEPER_TLS_VERIFY_HOSTNAME ZOOKEEPER_TLS_TYPE ZOOKEEPER_BOOTSTRAP_SCRAM_USERS',
  ].flatMap((line) => line.split(' ').map((name) => `KAFKA_${name}`)),
);

/** Files of the apache and cp images that hold stores and their passwords. */
const secretFiles = /^KAFKA_(?:CFG_)?(?:[A-Z0-9_]+_)?(?:FILENAME|CREDENTIALS)$/;

export function isReserved(variable: string): boolean {
  return reserved.has(variable) || secretFiles.test(variable);
}

/**
 * Kubernetes describes a Service called `kafka` to every pod of its namespace in variables such as
 * KAFKA_SERVICE_HOST and KAFKA_PORT=tcp://10.0.0.1:9092; taken for configuration they stop a broker.
 */
export function isServiceLink(variable: string, value: string): boolean {
  if (/^KAFKA_(?:[A-Z0-9_]+_)?SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/.test(variable)) return true;
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(variable)) return true;
  return /_PORT$/.test(variable) && /^(?:tcp|udp|sctp):\/\//.test(value);
}
