#!/bin/sh
# Starts 200 children, each of which stays; the shell ends where the kernel refuses one. Bounded: a limit that fails hurts nobody.
log=${1#--log=}
set -- $(cat "/proc/$$/stat")
echo "$$ ${22} root" >>"$log"
i=0
while [ $i -lt 200 ]; do
  sleep 600 &
  i=$((i + 1))
done
echo "all $i"
read -r _
