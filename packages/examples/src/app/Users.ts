/** Users, each with an e-mail address of its own. */
import { type CqlError, Session, Statement } from "@effect-cql/core"
import { Uuid } from "@effect-cql/schema"
import { Context, Effect, Layer, Option } from "effect"
import { EmailTaken, UserNotFound } from "./errors.ts"
import { EmailOwner, Follower, User, UserId } from "./tables.ts"

export class Users extends Context.Service<Users, {
  readonly register: (profile: Pick<User, "email" | "name">) => Effect.Effect<User, CqlError | EmailTaken>
  readonly find: (id: UserId) => Effect.Effect<User, CqlError | UserNotFound>
  readonly follow: (author: UserId, follower: UserId) => Effect.Effect<void, CqlError | UserNotFound>
}>()("app/Users") {
  static readonly layer: Layer.Layer<Users, never, Session> = Layer.effect(
    Users,
    Effect.gen(function*() {
      const { provide } = yield* Session

      /** Takes an address for a user, unless another has it. Its own id in the answer is that of an earlier attempt. */
      const take = Effect.fnUntraced(
        function*(owned: EmailOwner, statement: Statement.Statement<Pick<EmailOwner, "owner">>) {
          const answer = yield* Statement.applied(Statement.withOptions(statement, { idempotent: true }))
          if (answer._tag === "Lost" && !Option.exists(answer.current, ({ owner }) => owner === owned.owner)) {
            return yield* new EmailTaken({ email: owned.email })
          }
        }
      )

      // The reservation ends by itself, so that an address is free again if the process ends before the user is there.
      const register = Effect.fn("Users.register")(function*({ email, name }: Pick<User, "email" | "name">) {
        const user = new User({ id: UserId.make(yield* Uuid.next), email, name })
        const owned = new EmailOwner({ email, owner: user.id })
        yield* take(owned, EmailOwner.insert.ifNotExists(owned, { ttl: "1 minute" }))
        yield* User.insert(user).pipe(
          Effect.andThen(take(owned, EmailOwner.update(owned, { owner: user.id }, { if: { owner: user.id } }))),
          // A client that is answered with an error may send the request again.
          Effect.tapError(() => Effect.ignore(EmailOwner.delete(owned, { if: { owner: user.id } })))
        )
        return user
      }, provide)

      const find = Effect.fn("Users.find")(function*(id: UserId) {
        const user = yield* Statement.first(User.get({ id }))
        return yield* Effect.fromOption(user, () => new UserNotFound({ id }))
      }, provide)

      const follow = Effect.fn("Users.follow")(function*(author: UserId, follower: UserId) {
        yield* Effect.all([find(author), find(follower)], { concurrency: 2 })
        yield* Follower.insert({ author, follower })
      }, provide)

      return Users.of({ register, find, follow })
    })
  )
}
