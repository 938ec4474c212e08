/** The images that pods run when a resource names none. */

export interface Images {
  readonly broker: string;
  readonly zookeeper: string;
}
