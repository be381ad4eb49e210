# A manager of a user (systemd --user) that is nobody's: own mounts, control groups and pids, ended with the process that called it.
# Arguments: home, name of the control group. Says `manager PID` when it runs.
set -e
home=$1
for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$root/cgroup.procs" ] || continue
  mkdir -p "$root/$2"
  echo $$ >"$root/$2/cgroup.procs"
done
# From here on the group of this test is the root of what can be seen.
exec unshare --mount --cgroup --pid --fork --kill-child --mount-proc sh -ec '
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    roots=/sys/fs/cgroup
  else
    umount -R /sys/fs/cgroup
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
    roots="/sys/fs/cgroup/systemd /sys/fs/cgroup/unified"
  fi
  mount -t tmpfs tmpfs /run
  mkdir -p /run/systemd/system /run/systemd/journal /run/log /run/user/0
  chmod 700 /run/user/0
  if [ -x /usr/lib/systemd/systemd-journald ]; then /usr/lib/systemd/systemd-journald >/dev/null 2>&1 & fi
  export HOME='"'$home'"' XDG_RUNTIME_DIR=/run/user/0
  unset NOTIFY_SOCKET XDG_CONFIG_HOME XDG_STATE_HOME
  # Alone in the group that a login gives it: journald knows the units of a user by that.
  (
    for root in $roots; do
      mkdir -p $root/user.slice/user-0.slice/user@0.service
      sh -c "echo \$PPID" >$root/user.slice/user-0.slice/user@0.service/cgroup.procs
    done
    exec /usr/lib/systemd/systemd --user --log-target=null
  ) &
  while [ ! -S /run/user/0/systemd/private ]; do sleep 0.05; done
  echo manager
  wait
'
