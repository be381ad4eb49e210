#!/bin/sh
# Has a child that ended and never waits for it. zombie.sh --log=FILE
log=${1#--log=}
(exit 0) &
exec sh "$(dirname "$0")/linger.sh" "$log" root
