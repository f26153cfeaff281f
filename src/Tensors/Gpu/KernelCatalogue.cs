using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// All kernels there are: every method marked as one, each generic one with every functor that fits it, and each generic functor
/// with every type that fits that. Found by looking, so that none is forgotten when kernels are checked.
/// </summary>
[RequiresDynamicCode(Looking)]
[RequiresUnreferencedCode(Looking)]
public static class KernelCatalogue
{
    private const string Looking = "Kernels and functors are found by looking through whole assemblies.";

    /// <summary>The kernels that a program can start, in the order of their names.</summary>
    /// <param name="program">Its assembly; functors and kernels are sought in the Sharpformer assemblies it refers to as well.</param>
    public static IReadOnlyList<MethodInfo> Kernels(Assembly program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var assemblies = new List<Assembly>();
        AddWithReferences(program, assemblies);
        Type[] types = [.. assemblies.SelectMany(assembly => assembly.GetTypes())];
        Type[] functors = [.. types.Where(type => type.IsValueType)];
        const BindingFlags Own = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return
        [
            .. types.SelectMany(type => type.GetMethods(Own))
                .Where(method => method.IsDefined(typeof(KernelAttribute), false))
                .SelectMany(method => Closed(method, functors))
                .OrderBy(PtxCompiler.NameOf, StringComparer.Ordinal),
        ];
    }

    private static void AddWithReferences(Assembly assembly, List<Assembly> found)
    {
        if (found.Contains(assembly)) return;
        found.Add(assembly);
        foreach (AssemblyName name in assembly.GetReferencedAssemblies())
        {
            if (name.Name!.StartsWith("Sharpformer", StringComparison.Ordinal)) AddWithReferences(Assembly.Load(name), found);
        }
    }

    /// <summary>A kernel with every choice of functors for its type parameters.</summary>
    private static IEnumerable<MethodInfo> Closed(MethodInfo kernel, Type[] functors) =>
        kernel.IsGenericMethodDefinition
            ? Choices(PtxCompiler.NameOf(kernel), kernel.GetGenericArguments(), functors).Select(choice => kernel.MakeGenericMethod(choice))
            : [kernel];

    private static IEnumerable<Type> Closed(Type functor, Type[] functors) =>
        functor.IsGenericTypeDefinition
            ? Choices(Functor.NameOf(functor), functor.GetGenericArguments(), functors).Select(choice => functor.MakeGenericType(choice))
            : [functor];

    private static IEnumerable<Type[]> Choices(string of, Type[] parameters, Type[] functors)
    {
        IEnumerable<Type[]> choices = [[]];
        foreach (Type parameter in parameters)
        {
            Type[] constraints = [.. parameter.GetGenericParameterConstraints().Where(constraint => constraint.IsInterface)];
            if (constraints.Length == 0)
                throw new InvalidOperationException($"{of} takes any {parameter.Name}. Hint: constrain it to an interface of functors.");
            Type[] fitting =
            [
                .. functors.Where(functor => constraints.All(constraint => constraint.IsAssignableFrom(functor)))
                    .SelectMany(functor => Closed(functor, functors)),
            ];
            choices = choices.SelectMany(choice => fitting.Select(functor => (Type[])[.. choice, functor]));
        }

        return choices;
    }
}
