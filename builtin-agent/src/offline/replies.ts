// What the offline model says. It never hides that it is none.

const NOT_A_MODEL = 'I am not a real model: I follow fixed rules, and nothing leaves this machine.'

export const ABILITIES = `You can ask me, one per line or joined by "then":

- create hello.txt with hello
- read hello.txt
- replace hello with goodbye in hello.txt
- list files, or list *.ts
- search for TODO
- run npm test
- count to 50 (and cancel me in the middle)`

export const CONFIGURE = `For a real model, start the gateway with ANTHROPIC_API_KEY, OPENAI_API_KEY or
GEMINI_API_KEY, or with HOLDFAST_AGENT_BASE_URL for a local server that speaks
OpenAI's API. docs/agent.md says more.`

export function greeting(isFirst: boolean): string {
  return isFirst ? `${NOT_A_MODEL}\n\n` : ''
}

export const HELP = `${NOT_A_MODEL}\n\n${ABILITIES}\n\n${CONFIGURE}`

export function notUnderstood(text: string): string {
  return `I do not understand "${excerpt(text)}". ${NOT_A_MODEL}\n\n${ABILITIES}\n\n${CONFIGURE}`
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 80).toWellFormed()}…` : line
}
