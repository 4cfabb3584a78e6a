import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import ts from 'typescript';

/** What a file exports and imports of our own. */
export interface Surface {
  readonly exported: readonly Exported[];
  /** As `path#name`; `path#*` where it takes all of a file. */
  readonly imported: readonly string[];
}

export interface Exported {
  readonly name: string;
  readonly isType: boolean;
  /** Whether the file itself uses the name beyond declaring it. */
  readonly isUsedInside: boolean;
}

export function surfaceOf(file: string): Surface {
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const uses = new Map<string, number>();
  const imported: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) uses.set(node.text, (uses.get(node.text) ?? 0) + 1);
    imported.push(...importsOf(node).map(([target, name]) => `${resolve(file, target)}#${name}`));
    ts.forEachChild(node, visit);
  };
  visit(source);
  const exported = source.statements.flatMap(declaredBy).map(({ name, isType }) => {
    return { name, isType, isUsedInside: (uses.get(name) ?? 0) > 1 };
  });
  return { exported, imported };
}

function resolve(file: string, target: string): string {
  return relative('.', join(dirname(file), target)).replaceAll('\\', '/');
}

/** Pairs of a relative path and a name that it is asked for. */
function importsOf(node: ts.Node): [target: string, name: string][] {
  if (ts.isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings;
    if (bindings === undefined) return [];
    return ofModule(node.moduleSpecifier, ts.isNamedImports(bindings) ? namesOf(bindings) : ['*']);
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const { exportClause: clause } = node;
    const names = clause !== undefined && ts.isNamedExports(clause) ? namesOf(clause) : ['*'];
    return ofModule(node.moduleSpecifier, names);
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return ofModule(node.arguments[0], ['*']);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return ofModule(node.argument.literal, ['*']);
  }
  return [];
}

function ofModule(specifier: ts.Node | undefined, names: string[]): [string, string][] {
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return [];
  const target = specifier.text;
  return target.startsWith('.') ? names.map((name) => [target, name]) : [];
}

function namesOf({ elements }: ts.NamedImports | ts.NamedExports): string[] {
  return elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}

function declaredBy(statement: ts.Statement): { name: string; isType: boolean }[] {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
  if (!isExported) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [{ name: name.text, isType: false }] : [],
    );
  }
  const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  const isNamed = isType || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  return isNamed && statement.name !== undefined ? [{ name: statement.name.text, isType }] : [];
}
