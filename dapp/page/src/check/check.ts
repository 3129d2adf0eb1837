export async function runCheck(
  _root: HTMLElement,
  _about: { modelId: string; subject: string; signal: AbortSignal },
): Promise<void> {}
