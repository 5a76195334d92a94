export const isBenchPrompt = (_text: string): boolean => false
