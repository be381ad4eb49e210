// The variables by which common agents find a model server. What has its address in a file is not reached by them.

/** `url` without a path. The keys are none: such a server asks for no key. */
export function modelEnvironment(url: string): Record<string, string> {
  const base = url.replace(/\/+$/, '')
  return {
    OPENAI_BASE_URL: `${base}/v1`,
    OPENAI_API_KEY: 'none',
    ANTHROPIC_BASE_URL: base,
    ANTHROPIC_API_KEY: 'none',
    GOOGLE_GEMINI_BASE_URL: base,
    GEMINI_API_KEY: 'none',
  }
}
