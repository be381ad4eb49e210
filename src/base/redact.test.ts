// Every text here is made up; none was ever a credential.

import { expect, test } from 'vitest'

import { redactJson, redactSecrets } from './redact.ts'

const KEY = 'abcDEF0123456789abcDEF'

test.each([
  ['a header', `Authorization: Bearer ${KEY}`, 'Authorization: [redacted]'],
  ['a header of another scheme', `authorization: Basic ${KEY}==`, 'authorization: [redacted]'],
  ['a header in JSON in JSON', `{\\"Authorization\\":\\"Bearer ${KEY}\\"}`, '{\\"Authorization\\":\\"[redacted]\\"}'],
  ['a bearer by itself', `using bearer ${KEY} now`, 'using bearer [redacted] now'],
  ['a key by its shape', `key sk-ant-api03-${KEY} is not valid`, 'key [redacted] is not valid'],
  ['a token of a forge', `ghp_${KEY} github_pat_${KEY}`, '[redacted] [redacted]'],
  ['a signed token', `got eyJhbGciOiJIUzI1NiJ9.${KEY}.${KEY}`, 'got [redacted]'],
  ['a key by its name', `api_key=${KEY}, apiKey: "${KEY}"`, 'api_key=[redacted], apiKey: "[redacted]"'],
  ['a variable', `ANTHROPIC_API_KEY=${KEY} PI_KEY='${KEY}'`, "ANTHROPIC_API_KEY=[redacted] PI_KEY='[redacted]'"],
  [
    'a key by name and shape',
    `PI_API_KEY=sk-${KEY}, "token": "ghp_${KEY}"`,
    'PI_API_KEY=[redacted], "token": "[redacted]"',
  ],
  ['a password', 'password: hunter22, secret=hunter22', 'password: [redacted], secret=[redacted]'],
  [
    'a token in an address',
    `https://x.test/cb?state=${KEY}&code=${KEY}#end`,
    'https://x.test/cb?state=[redacted]&code=[redacted]#end',
  ],
  ['a user in an address', `https://me:${KEY}@x.test/repo`, 'https://[redacted]@x.test/repo'],
  [
    'an access token in a query',
    `https://x.test/?access_token=${KEY}&a=1`,
    'https://x.test/?access_token=[redacted]&a=1',
  ],
  ['a private key', `-----BEGIN RSA PRIVATE KEY-----\n${KEY}\n-----END RSA PRIVATE KEY-----`, '[redacted]'],
  ['a private key that was cut off', `-----BEGIN PRIVATE KEY-----\n${KEY}`, '[redacted]'],
])('%s is taken out, and what is around it stays', (_, text, clean) => {
  expect(redactSecrets(text)).toBe(clean)
})

test.each([
  'Agent pi needs a login: Set PI_KEY.',
  'Bearer authentication is not supported',
  'used 1200 tokens; max_tokens: 4096',
  'unknown key in line 3: colour',
  'see https://x.test/docs?page=2',
  'mail me@x.test',
])('%s stays as it is', (text) => {
  expect(redactSecrets(text)).toBe(text)
})

test('a value is redacted in every text of it, and by the names of its members', () => {
  const value = { apiKey: 'abc', nested: [{ note: `Bearer ${KEY}`, count: 3 }], token: null, ok: true }
  expect(redactJson(value)).toEqual({
    apiKey: '[redacted]',
    nested: [{ note: 'Bearer [redacted]', count: 3 }],
    token: null,
    ok: true,
  })
})

test('a text that was made to be slow is not', () => {
  const texts = [
    'token'.repeat(20_000),
    `a://${'b'.repeat(100_000)}`,
    '_'.repeat(100_000),
    'authorization'.repeat(9_000),
  ]
  const since = performance.now()
  for (const text of texts) redactSecrets(text)
  expect(performance.now() - since).toBeLessThan(1_500)
})
