declare module "fxa-common-password-list" {
  const list: {
    /** Whether the password, as it is written, is in the list. */
    test(password: string): boolean;
  };
  export default list;
}
