# A service manager's notification socket: prints `<epoch seconds>|FIELD|FIELD` for each datagram. Perl, because Node has no unix
# datagram sockets and perl-base is on every Debian.
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket;
use Time::HiRes qw(time);
$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => shift) or die "no socket: $!";
print "listening\n";
while (defined $socket->recv(my $message, 8192)) {
    $message =~ s/\n/|/g;
    printf "%.3f|%s\n", time, $message;
}
