// Why a request failed, in the form of the server's problem documents.
import type { Problem } from "./types.ts";

export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    message: string,
  ) {
    super(message);
    this.name = "Failure";
  }

  /** Nobody answered: the network, or a server that is away. */
  get offline(): boolean {
    return this.status === 0;
  }

  static of(error: unknown): Failure {
    if (error instanceof Failure) return error;
    return new Failure(0, null, error instanceof Error ? error.message : String(error));
  }

  static async from(response: Response): Promise<Failure> {
    let problem: Problem | null = null;
    if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
      problem = (await response.json().catch(() => null)) as Problem | null;
    }
    const message = problem ? (problem.detail ?? problem.title) : `${response.status} ${response.statusText}`;
    return new Failure(response.status, problem, message);
  }
}
