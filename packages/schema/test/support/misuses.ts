/** Code that must not compile, with the first line of the message of the compiler. */
export const misuses: Readonly<Record<string, readonly [code: string, line: string]>> = {
  "a wrong key column": [
    "Post.get({ author: \"ada\", at, idd: id })",
    "TS2353: Object literal may only specify known properties, and 'idd' does not exist in type 'Of<Post, \"at\" | \"author\" | \"id\">'."
  ],
  "an incomplete key": [
    "Post.get({ author: \"ada\" })",
    "TS2739: Type '{ author: string; }' is missing the following properties from type 'Of<Post, \"at\" | \"author\" | \"id\">': at, id"
  ],
  "an incomplete key to delete": [
    "Post.delete({ author: \"ada\" })",
    "TS2739: Type '{ author: string; }' is missing the following properties from type 'Of<Post, \"at\" | \"author\" | \"id\">': at, id"
  ],
  "no partition key": [
    "Post.select({ at })",
    "TS2345: Argument of type '{ at: DateTime.Utc; }' is not assignable to parameter of type 'MissingColumn<\"author\"> & Hint<Askable<\"author\", \"at desc\" | \"id desc\", \"tags\">>'."
  ],
  "an index without its word": [
    "Post.select({ \"tags contains\": \"x\" })",
    "TS2345: Argument of type '{ \"tags contains\": string; }' is not assignable to parameter of type 'SayAcrossPartitions & Hint<Askable<\"author\", \"at desc\" | \"id desc\", \"tags\">>'."
  ],
  "a gap in the clustering key": [
    "Post.select({ author: \"ada\", id })",
    "TS2322: Type 'string & Brand<\"PostId\">' is not assignable to type '\"clustering column \\\"id\\\" needs \\\"at\\\" before it, by equality\"'."
  ],
  "a part of the partition key beside an index": [
    "class J extends Table.Class<J>(\"J\")(\"a.j\", { columns: { a: CqlSchema.Int, b: CqlSchema.Int, c: CqlSchema.Int, v: CqlSchema.Int }, partitionKey: [\"a\", \"b\"], clusteringKey: [\"c\"], indexes: { v: \"sai\" } }) {}\nJ.select({ a: 1, v: 1 }, { acrossPartitions: true })",
    "TS2322: Type 'number' is not assignable to type '\"partition key column \\\"a\\\" needs \\\"b\\\" beside it, or its own index\"'."
  ],
  "a clustering column beside an index": [
    "class J extends Table.Class<J>(\"J\")(\"a.j\", { columns: { a: CqlSchema.Int, c: CqlSchema.Int, v: CqlSchema.Int }, partitionKey: \"a\", clusteringKey: [\"c\"], indexes: { v: \"sai\" } }) {}\nJ.select({ c: 1, v: 1 }, { acrossPartitions: true })",
    "TS2322: Type 'number' is not assignable to type '\"clustering column \\\"c\\\" needs \\\"a\\\" before it, by equality\"'."
  ],
  "a column behind a range": [
    "Post.select({ author: \"ada\", \"at <\": at, id })",
    "TS2322: Type 'string & Brand<\"PostId\">' is not assignable to type '\"clustering column \\\"id\\\" needs \\\"at\\\" before it, by equality\"'."
  ],
  "a filter that needs a scan": [
    "Post.select({ author: \"ada\", title: \"x\" })",
    "TS2322: Type '\"x\"' is not assignable to type '\"column \\\"title\\\" is neither in the key nor indexed: set allowFiltering\"'."
  ],
  "a filter without a partition": [
    "User.select({ version: 1 })",
    "TS2353: Object literal may only specify known properties, and 'version' does not exist in type 'MissingColumn<\"id\"> & Hint<\"id\">'."
  ],
  "a range of a partition key": [
    "Post.select({ \"author >\": \"a\", author: \"b\" })",
    "TS2322: Type '\"a\"' is not assignable to type '\"partition key column \\\"author\\\" takes one value\"'."
  ],
  "a column that does not exist": [
    "Post.select({ author: \"ada\", titel: \"x\" })",
    "TS2322: Type '\"x\"' is not assignable to type '\"there is no column \\\"titel\\\"\"'."
  ],
  "a wrong type in a key": ["Post.select({ author: 1 })", "TS2322: Type 'number' is not assignable to type 'string'."],
  "an option that does not exist": [
    "Post.select({ author: \"ada\" }, { limt: 3 })",
    "TS2561: Object literal may only specify known properties, but 'limt' does not exist in type 'SelectOptions<Post, \"at desc\" | \"id desc\", never, false, false>'. Did you mean to write 'limit'?"
  ],
  "a projection that does not exist": [
    "Post.select({ author: \"ada\" }, { columns: [\"titel\"] })",
    "TS2820: Type '\"titel\"' is not assignable to type '\"at\" | \"author\" | \"bio\" | \"id\" | \"links\" | \"parts\" | \"tags\" | \"title\"'. Did you mean '\"title\"'?"
  ],
  "an insert without a column": [
    "User.insert({ id: 1, version: 1, roles: new Set() })",
    "TS2345: Argument of type '{ id: number; version: number; roles: Set<string>; }' is not assignable to parameter of type 'Given<User, \"displayName\" | \"id\" | \"key\" | \"nickname\" | \"roles\" | \"version\">'."
  ],
  "an insert of another column": [
    "User.insert({ id: 1, displayName: \"a\", version: 1, roles: new Set(), nick: \"c\" })",
    "TS2353: Object literal may only specify known properties, and 'nick' does not exist in type 'Given<User, \"displayName\" | \"id\" | \"key\" | \"nickname\" | \"roles\" | \"version\">'."
  ],
  "a null in a key": ["User.get({ id: null })", "TS2322: Type 'null' is not assignable to type 'number'."],
  "an update of a key column": [
    "Post.update(key, { author: \"bob\" })",
    "TS2353: Object literal may only specify known properties, and 'author' does not exist in type 'Settable<Post, \"bio\" | \"links\" | \"parts\" | \"tags\" | \"title\", never> & NoKey<Settable<Post, \"bio\" | \"links\" | \"parts\" | \"tags\" | \"title\", never>, \"bio\" | ... 3 more ... | \"title\", \"at\" | ... 1 more ... | \"id\">'."
  ],
  "an update by a variable with a key column": [
    "Post.update(key, patch)",
    "TS2345: Argument of type '{ author: string; title: string; }' is not assignable to parameter of type '{ author: string; title: string; } & NoKey<{ author: string; title: string; }, \"bio\" | \"links\" | \"parts\" | \"tags\" | \"title\", \"at\" | \"author\" | \"id\">'."
  ],
  "an update of another column": [
    "Post.update(key, { titel: \"x\" })",
    "TS2561: Object literal may only specify known properties, but 'titel' does not exist in type 'Settable<Post, \"bio\" | \"links\" | \"parts\" | \"tags\" | \"title\", never> & NoKey<Settable<Post, \"bio\" | \"links\" | \"parts\" | \"tags\" | \"title\", never>, \"bio\" | ... 3 more ... | \"title\", \"at\" | ... 1 more ... | \"id\">'. Did you mean to write 'title'?"
  ],
  "a change of another kind": [
    "Post.update(key, { tags: Change.append(\"a\") })",
    "TS2322: Type 'Append<string>' is not assignable to type 'Add<string> | ReadonlySet<string> | Remove<string> | undefined'."
  ],
  "a change of a frozen column": [
    "User.update({ id: 1 }, { key: Change.append(1) })",
    "TS2740: Type 'Append<number>' is missing the following properties from type 'readonly number[]': length, concat, join, slice, and 26 more."
  ],
  "an update of a column that is not static": [
    "Post.updateStatic({ author: \"a\" }, { title: \"x\" })",
    "TS2353: Object literal may only specify known properties, and 'title' does not exist in type 'Settable<Post, \"bio\", never> & NoKey<Settable<Post, \"bio\", never>, \"bio\", \"at\" | \"author\" | \"id\">'."
  ],
  "a condition on no column": [
    "User.update({ id: 1 }, { version: 2 }, { if: { versoin: 1 } })",
    "TS2561: Object literal may only specify known properties, but 'versoin' does not exist in type 'Conditions<User, \"displayName\" | \"key\" | \"nickname\" | \"roles\" | \"version\">'. Did you mean to write 'version'?"
  ],
  "an insert of counters": [
    "Likes.insert({ post: id, likes: 1 })",
    "TS2339: Property 'insert' does not exist on type 'typeof Likes'."
  ],
  "an increment of no counter": [
    "User.increment({ id: 1 }, { version: 1 })",
    "TS2339: Property 'increment' does not exist on type 'typeof User'."
  ],
  "an incomplete key in a run": [
    "executeConcurrentWithArgs(Post.get, [{ author: \"ada\" }])",
    "TS2739: Type '{ author: string; }' is missing the following properties from type 'Of<Post, \"at\" | \"author\" | \"id\">': at, id"
  ],
  "other rows for a query that is made within the call": [
    "import { Query } from \"@effect-cql/core\"\nexecuteConcurrentWithArgs(Query.make(\"INSERT\", { params: User }), [patch])",
    "TS2739: Type '{ author: string; title: string; }' is missing the following properties from type 'User': id, displayName, version, roles"
  ],
  "a gap in a query": [
    "Post.select.query([\"author\", \"id\"])",
    "TS2322: Type '\"id\"' is not assignable to type '\"clustering column \\\"id\\\" needs \\\"at\\\" before it, by equality\"'."
  ],
  "a plain column beside a counter": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, n: CqlSchema.Counter, title: Schema.String }, partitionKey: \"id\" })",
    "TS2322: Type 'String' is not assignable to type 'String & \"column \\\"title\\\": a table of counters has only key columns and counters\"'."
  ],
  "a key that is no column": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int }, partitionKey: \"idd\" })",
    "TS2322: Type '\"idd\"' is not assignable to type '\"id\" | readonly [\"id\", ...\"id\"[]]'."
  ],
  "a key that does not exist, beside an optional column": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, note: CqlSchema.optional(CqlSchema.Text) }, partitionKey: \"ident\" })",
    "TS2322: Type '\"ident\"' is not assignable to type '\"id\"'."
  ],
  "an optional key": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, note: CqlSchema.optional(CqlSchema.Text) }, partitionKey: \"note\" })",
    "TS2322: Type '\"note\"' is not assignable to type '\"key column \\\"note\\\" cannot be optional\"'."
  ],
  "a column in the key twice": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, b: CqlSchema.Int }, partitionKey: \"id\", clusteringKey: [\"id\"] })",
    "TS2322: Type '\"id\"' is not assignable to type '\"\\\"id\\\" is in the partition key already\"'."
  ],
  "static columns without a clustering key": [
    "Table.Class<object>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, b: CqlSchema.Int }, partitionKey: \"id\", static: [\"b\"] })",
    "TS2322: Type 'string[]' is not assignable to type '\"static columns need a clustering key\"'."
  ],
  "paging in two directions": [
    "class J extends Table.Class<J>(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int, b: CqlSchema.Int, c: CqlSchema.Int }, partitionKey: \"id\", clusteringKey: [\"b asc\", \"c desc\"] }) {}\nJ.select({ id: 1 }, { after: { b: 1, c: 1 } })",
    "TS2322: Type '{ b: number; c: number; }' is not assignable to type '\"paging after a row needs clustering columns of one direction\"'."
  ],
  "a class without Self": [
    "class J extends Table.Class(\"J\")(\"a.j\", { columns: { id: CqlSchema.Int }, partitionKey: \"id\" }) {}",
    "TS2507: Type '\"Missing `Self`: class User extends Table.Class<User>(\\\"User\\\")(...)\"' is not a constructor function type."
  ]
}
