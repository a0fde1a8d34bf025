"""Names of Java packages, classes and methods, each of which is looked up once.

py4j asks the JVM what a name means each time it is used: `jvm.org.apache.spark.sql.functions.lit` makes six
calls. For each package in it the JVM searches all jars for a class of that name, which took a sixth of the
driver's time in a check of few rows.
"""

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JavaPackage, JVMView  # type: ignore[import-untyped]


def look_up_once(jvm: Any) -> None:
    """Let the view of a JVM keep what its names mean. Values of static fields are read anew each time."""
    if type(jvm) is JVMView:
        jvm.__class__ = _View


class _View(JVMView):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return _kept(self, name, super().__getattr__(name))


class _Package(JavaPackage):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return _kept(self, name, super().__getattr__(name))


class _Class(JavaClass):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return _kept(self, name, super().__getattr__(name))


def _kept(owner: Any, name: str, found: Any) -> Any:
    """What was found, which the owner keeps as its attribute if it is a method, a class or a package.

    py4j takes a class that does not exist for a package. It may be in a jar that is added later, so a package
    is kept only if its last name begins as those of packages do.
    """
    match found:
        case JavaMember():
            pass
        case JavaClass():
            found.__class__ = _Class
        case JavaPackage() if name.rpartition(".")[2][:1].islower():
            found.__class__ = _Package
        case _:
            return found
    owner.__dict__[name] = found
    return found
