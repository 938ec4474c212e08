#!/bin/bash
# Writes zoo.cfg and myid from the environment, then becomes the server. Names and defaults are those of the
# official image; of its variables the ones that tune a server (ZOO_*) and JVMFLAGS are known here.

set -euo pipefail

data=${ZOO_DATA_DIR:-/data}
datalog=${ZOO_DATA_LOG_DIR:-/datalog}
conf=${ZOO_CONF_DIR:-/conf}/zoo.cfg

write_configuration() {
  echo "dataDir=$data"
  echo "dataLogDir=$datalog"
  echo "tickTime=${ZOO_TICK_TIME:-2000}"
  echo "initLimit=${ZOO_INIT_LIMIT:-5}"
  echo "syncLimit=${ZOO_SYNC_LIMIT:-2}"
  echo "autopurge.snapRetainCount=${ZOO_AUTOPURGE_SNAPRETAINCOUNT:-3}"
  echo "autopurge.purgeInterval=${ZOO_AUTOPURGE_PURGEINTERVAL:-0}"
  echo "maxClientCnxns=${ZOO_MAX_CLIENT_CNXNS:-60}"
  echo "standaloneEnabled=${ZOO_STANDALONE_ENABLED:-true}"
  echo "admin.enableServer=${ZOO_ADMINSERVER_ENABLED:-true}"
  echo "4lw.commands.whitelist=${ZOO_4LW_COMMANDS_WHITELIST:-srvr}"
  local line
  for line in ${ZOO_SERVERS:-server.1=localhost:2888:3888;2181} ${ZOO_CFG_EXTRA:-}; do
    echo "$line"
  done
}

mkdir -p "$data" "$datalog"
[ -e "$conf" ] || write_configuration >"$conf"
[ -e "$data/myid" ] || echo "${ZOO_MY_ID:-1}" >"$data/myid"

java=/usr/share/java
# shellcheck disable=SC2086 # flags are several words
exec java -Xmx256m -XX:+UseSerialGC -Djava.net.preferIPv4Stack=true ${JVMFLAGS:-} \
  -cp "$java/zookeeper.jar:$java/slf4j-simple.jar" org.apache.zookeeper.server.quorum.QuorumPeerMain "$conf"
