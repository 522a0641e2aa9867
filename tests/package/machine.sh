# The first process of a throwaway machine: this machine's files under an overlay that is forgotten with it, mounts,
# processes and network of its own. $1: folder to mount in; $2: what runs as its first process, systemd or sleep.
set -e
base=$1
root=$base/root
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"
mount -t proc proc "$root/proc"
# The kernel's settings are everybody's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
# What this machine's images keep from packages.
rm -rf "$root"/etc/dpkg/dpkg.cfg.d "$root/usr/sbin/policy-rc.d"
if [ "$2" = sleep ]; then exec chroot "$root" sleep infinity; fi

mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
rm -rf "$root/etc/fstab" "$root"/etc/systemd/system/*.wants "$root/var/log/journal"
: > "$root/etc/machine-id"
printf '[Unit]\nRequires=basic.target dbus.socket\nAfter=basic.target\n' > "$root/etc/systemd/system/throwaway.target"
for unit in tmpfiles-setup udevd udev-trigger sysctl modules-load logind networkd resolved timesyncd; do
    ln -sf /dev/null "$root/etc/systemd/system/systemd-$unit.service"
done
# So that mounts for credentials are seen by services.
mount --make-rshared "$root"
exec setpriv --bounding-set -sys_time,-sys_boot,-sys_module,-sys_rawio chroot "$root" \
    env -i container=throwaway PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=throwaway.target
