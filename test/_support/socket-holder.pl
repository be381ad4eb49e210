# Holds a unix socket and a TCP socket that listen, as a service manager does, and starts a program with them as descriptors 3 and 4.
# Arguments: path of the unix socket, then the program. Each line on stdin starts it once. Prints `holding PORT`, `started PID`,
# `exited CODE`. Ends with its stdin.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket;
$| = 1;
my $path = shift;
umask 0177;
my $unix = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 128) or die "no unix socket: $!";
umask 0077;
my $tcp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 128) or die "no TCP socket: $!";
print 'holding ', $tcp->sockport, "\n";
while (defined <STDIN>) {
    my $child = fork // die "no child: $!";
    if ($child == 0) {
        # A Node on our stdin would make it non-blocking for us, too.
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        my ($first, $second) = map { POSIX::dup2($_->fileno, 20 + $_->fileno) } $unix, $tcp;
        POSIX::dup2($first, 3);
        POSIX::dup2($second, 4);
        @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 2, 'socket:http');
        POSIX::close($_) for 5 .. 40;
        exec @ARGV or POSIX::_exit(127);
    }
    print "started $child\n";
    waitpid $child, 0;
    print 'exited ', ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8), "\n";
}
