// The port through which transcripts say what a person may have to look at. One call is one line; never content.

/** `message` is a constant phrase, facts are fields. */
export type Diagnose = (message: string, fields: Readonly<Record<string, unknown>>) => void
