// Not an ACP agent: prints a shell prompt and waits for commands it does not understand.

process.stdout.write('$ ')
process.stdin.on('data', () => process.stdout.write('sh: command not found\n$ '))
process.stdin.on('end', () => process.exit(0))
