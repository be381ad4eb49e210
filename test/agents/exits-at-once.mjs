// Says why on stderr and exits with 3 before it reads anything.

process.stderr.write('exits-at-once: missing configuration\n')
process.exitCode = 3
