/** Of genera; a test compares it with package.json, which browsers cannot read. */
export const version = '0.1.0'
