/**
 * Stub until the branch with Slurm is merged.
 */

/** Stub. */
export function requeueSelf(_environment: Readonly<Record<string, string | undefined>>, _most: number): Promise<{ readonly isRequeued: boolean; readonly why: string } | undefined> {
  return Promise.resolve(undefined);
}
