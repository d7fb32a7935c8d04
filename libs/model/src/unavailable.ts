/** Why a machine cannot do something, and what its operator can do about it. */
export interface Unavailable {
  code: string;
  message: string;
  hint: string;
}
