// Three things that TypeDoc has no option for: it shows a named union by its name, an inherited member only where it is
// declared, and a constructor without a link to the one that it overrides.
import { Converter, ReferenceType, ReflectionKind, UnionType } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => nameUnions(project), 1000);
  // This priority runs after TypeDoc has found the inherited members, and before it groups members.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => dropInherited(project), -50);
}

/** TypeScript loses the name of `keyof typeof TABLE`, so TypeDoc would list all its members at every use. */
function nameUnions(project) {
  const named = project
    .getReflectionsByKind(ReflectionKind.TypeAlias)
    .filter(({ type }) => type?.type === 'union' && type.types.every((member) => member.type === 'literal'));
  for (const { type } of named) {
    // The compiler's own order depends on unrelated code, so that the pages would change without a reason.
    type.types.sort((a, b) => (String(a) < String(b) ? -1 : 1));
  }
  for (const reflection of Object.values(project.reflections)) {
    if (reflection.type && !named.includes(reflection))
      reflection.type = withNames(reflection.type, named, project);
  }
}

function withNames(type, named, project) {
  const inside = (part) => withNames(part, named, project);
  if (type.type === 'typeOperator') type.target = inside(type.target);
  if (type.elementType) type.elementType = inside(type.elementType);
  if (type.typeArguments) type.typeArguments = type.typeArguments.map(inside);
  if (type.types) type.types = type.types.map(inside);
  if (type.type !== 'union') return type;
  for (const alias of named) {
    const members = new Set(alias.type.types.map(String));
    const others = type.types.filter((member) => !members.has(String(member)));
    if (type.types.length - others.length < members.size) continue;
    const reference = ReferenceType.createResolvedReference(alias.name, alias, project);
    return others.length > 0 ? inside(new UnionType([reference, ...others])) : reference;
  }
  return type;
}

/** Interfaces keep their inherited properties, because their table must be complete. */
function dropInherited(project) {
  for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
    const isRow = member.parent.kind === ReflectionKind.Interface && member.kind === ReflectionKind.Property;
    if (member.inheritedFrom && !isRow) project.removeReflection(member);
  }
  // The link would lead to another class: all these headings are "Constructor", and are counted in another way than
  // GitHub does.
  for (const signature of project.getReflectionsByKind(ReflectionKind.ConstructorSignature))
    delete signature.overwrites;
}
