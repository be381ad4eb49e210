#!/bin/sh
# Waits for the end of the gateway, then ends every process that one life of it started. Reads nothing but its stdin and /proc.
# $1: hard value of the rlimit tag, or - where trees are not tagged; $2: instance; $3: epoch. A newer life has another epoch,
# so its agents are never touched. The gateway says `bye` when it has stopped everything itself: then this only makes sure.
trap '' TERM INT HUP

said=
while read -r line; do said=$line; done
[ "$said" = bye ] || sleep 0.5 # agents that leave by themselves at the end of their stdin may do so

# The pids of everything that carries the tag or the marker; one process for each look, however many there are.
ours() {
  {
    [ "$1" = - ] || grep -ls "^Max file locks  *[0-9][0-9]*  *$1 " /proc/[0-9]*/limits
    grep -lsaze "^HOLDFAST_LEASE=\(.*:\)\{0,1\}$2\.[0-9]*\.$3\(:.*\)\{0,1\}\$" /proc/[0-9]*/environ
  } | while IFS=/ read -r _ _ pid _; do
    [ "$pid" != $$ ] && is_alive "$pid" && echo "$pid"
  done | sort -u
}

# A zombie keeps its limits; it holds nothing and waits only for its parent.
is_alive() {
  read -r stat <"/proc/$1/stat" || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ] && [ "${stat%% *}" != X ]
} 2>/dev/null

clean=0
looks=0
while [ $clean -lt 2 ] && [ $looks -lt 300 ]; do
  looks=$((looks + 1))
  found=$(ours "$1" "$2" "$3")
  if [ -z "$found" ]; then
    clean=$((clean + 1))
  else
    clean=0
    # Frozen first, so that nothing is born between the look and the end.
    kill -STOP $found
    kill -KILL $(ours "$1" "$2" "$3")
  fi 2>/dev/null
  sleep 0.03
done
