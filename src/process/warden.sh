#!/bin/sh
# Waits for the end of the gateway, then ends every process that one life of it started. Reads nothing but its stdin and /proc.
# $1: hard value of the rlimit tag, or - where trees are not tagged; $2: instance; $3: epoch. A newer life has another epoch,
# so its agents are never touched. The gateway says `bye` when it has stopped everything itself: then this only makes sure.
trap '' TERM INT HUP

said=
while read -r line; do said=$line; done
[ "$said" = bye ] || sleep 0.5 # agents that leave by themselves at the end of their stdin may do so

# The pids of everything that carries one of the tags or the marker; one process for each look, however many there are.
# $1: instance; $2: epoch; then the hard values.
ours() {
  instance=$1 epoch=$2
  shift 2
  {
    grep -Els "^Max file locks +[0-9]+ +($(echo "$*" | tr ' ' '|')) " /proc/[0-9]*/limits
    grep -lsaze "^HOLDFAST_LEASE=\(.*:\)\{0,1\}$instance\.[0-9]*\.$epoch\(:.*\)\{0,1\}\$" /proc/[0-9]*/environ
  } | while IFS=/ read -r _ _ pid _; do
    [ "$pid" != $$ ] && is_alive "$pid" && echo "$pid"
  done | sort -u
}

# A gateway inside one of our trees tags its own agents with a lower value, and its warden falls with the rest: then what its
# agents left behind shows nothing else. The hard values of such tags ($1: ours; then the pids that carry our mark).
inner() {
  hard=$1
  shift
  [ "$hard" = - ] || sed -n 's/^Max file locks  *[0-9][0-9]*  *\([0-9][0-9]*\) .*/\1/p' $(printf '/proc/%s/limits ' "$@") |
    while read -r value; do [ "$value" -ge "$TAGS_FROM" ] && [ "$value" -lt "$hard" ] && echo "$value"; done | sort -u
} 2>/dev/null
TAGS_FROM=752101137770872832 # 0xa7 << 52: the magic of a tag

# A zombie keeps its limits; it holds nothing and waits only for its parent.
is_alive() {
  read -r stat <"/proc/$1/stat" || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ] && [ "${stat%% *}" != X ]
} 2>/dev/null

hards=$1
clean=0
looks=0
while [ $clean -lt 2 ] && [ $looks -lt 300 ]; do
  looks=$((looks + 1))
  found=$(ours "$2" "$3" $hards)
  if [ -z "$found" ]; then
    clean=$((clean + 1))
  else
    clean=0
    # Frozen first, so that nothing is born between the look and the end.
    kill -STOP $found
    hards=$(printf '%s\n' $hards $(inner "$1" $found) | sort -u)
    kill -KILL $(ours "$2" "$3" $hards)
  fi 2>/dev/null
  sleep 0.03
done
