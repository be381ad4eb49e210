// Never reads its stdin, so that the pipe fills up; stays alive until it is ended.

setInterval(() => {}, 60_000)
