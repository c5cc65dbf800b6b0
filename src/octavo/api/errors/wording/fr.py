"""French."""

from octavo.api.errors.wording import Notes

WORDING: dict[int, tuple[str, ...]] = {
    101: ("L'api-login et l'api-key ne correspondent à aucun compte.",),
    102: ("Le texte dépasse les 160 caractères d'un seul SMS.",),
    103: ("Il ne reste aucun destinataire.",),
    104: (
        "Crédit insuffisant pour cet envoi.",
        "Il coûte {cost} et {available} est disponible.",
    ),
    107: ("Le texte du message est absent ou vide.",),
    108: ("L'api-login est absent.",),
    109: ("L'api-key est absente.",),
    110: ("La liste des destinataires est absente ou vide.",),
    117: (
        "Aucun numéro valide dans la liste des destinataires.",
        "Les numéros s'écrivent avec + et l'indicatif du pays, par exemple +33600000000.",
        "Inutilisables : {numbers}.",
    ),
    119: ("Ce type de SMS ne peut pas dépasser 160 caractères.", "Le texte en compte {length}."),
    120: ("Un message avec le même request_id a déjà été envoyé.", "Son ticket est {ticket}."),
    121: ("La mention STOP est absente.",),
    122: ("La mention STOP ou la mention no PUB=STOP est absente.",),
    127: ("La campagne est encore en cours de calcul.",),
    131: ("Campagne introuvable.", "Ticket : {ticket}."),
    132: ("La campagne a déjà été envoyée.", "Ticket : {ticket}."),
    150: ("Aucun pays ne correspond au préfixe du numéro.", "Numéro : {number}."),
    151: ("Le pays de destination n'est pas desservi.", "Pays : {country}."),
    152: (
        "Les SMS low cost ne sont pas disponibles vers ce pays : utilisez sms_premium.",
        "Pays : {country}.",
    ),
    302: ("Une liste porte déjà ce nom.", "Nom : {name}."),
    303: ("Aucune liste ni étiquette ne porte ce nom.", "Nom : {name}."),
    305: ("Trop de contacts dans une seule requête.", "{limit} au plus sont acceptés."),
    400: ("Erreur de validation des données.",),
    404: ("Il n'y a rien à cette adresse.",),
    405: ("Cette adresse n'accepte pas cette méthode.",),
    408: ("La requête n'est pas arrivée entière à temps.", "Elle peut durer {seconds} secondes."),
    413: ("La requête est trop grande.", "{limit} octets au plus sont acceptés."),
    429: ("Trop de requêtes : réessayez plus tard.", "Dans {seconds} secondes."),
    431: ("Les en-têtes de la requête sont trop grands.", "{limit} octets au plus sont acceptés."),
    442: ("Langue vocale non prise en charge.",),
    443: ("Le corps n'est ni du JSON ni un formulaire.",),
    444: ("Le corps doit être un objet JSON.",),
    445: ("Le corps est imbriqué trop profondément.",),
    446: ("Le corps compte trop de champs.",),
    447: ("Le corps est trop long.", "{limit} octets au plus sont acceptés."),
    448: ("Ce champ est absent ou n'a pas de valeur utilisable.",),
    449: ("Cette valeur est inconnue.", "Valeurs connues : {known}."),
    450: (
        "Le texte est trop long.",
        "Il compte {length} caractères et {limit} au plus sont acceptés.",
        "Il fait {parts} SMS et {most} au plus sont acceptés.",
    ),
    451: ("Ce n'est pas encore disponible sur ce serveur.", "Disponible : {available}."),
    455: ("Ce champ en demande un autre.", "Absent : {other}."),
    461: (
        "Une campagne avec autant de destinataires ne peut pas être annulée ici.",
        "Elle en a {recipients} et il en faut moins de {limit}.",
    ),
    462: (
        "Il est trop tard pour annuler cette campagne ici.",
        "Elle doit partir dans plus de {minutes} minutes.",
    ),
    463: ("Trop de demandes d'annulation ce mois-ci.", "{limit} au plus sont acceptées."),
    500: ("La requête n'a pas pu être traitée.",),
    503: ("Le service est indisponible pour le moment et rien n'a été fait : réessayez.",),
    2005: ("Le champ [destination email] doit être valide.",),
}

NOTES = Notes(
    repeated="Destinataires répétés, servis une seule fois : {names}.",
    unusable="Destinataires sans numéro utilisable, laissés de côté : {names}.",
    unserved="Destinataires dans des pays non desservis, laissés de côté : {names}.",
    more="et {count} de plus",
)
