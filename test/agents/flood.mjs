// Floods stdout as fast as it is read: --form=line (one endless line, default) or --form=lines (endless junk lines).

const lines = process.argv.includes('--form=lines')
const piece = lines ? `${'junk '.repeat(20)}\n`.repeat(512) : 'x'.repeat(65_536)

process.stdout.on('error', () => process.exit(0))
pour()

function pour() {
  while (process.stdout.write(piece));
  process.stdout.once('drain', pour)
}
